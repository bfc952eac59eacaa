/**
 * File descriptors that this process may have at a time; Infinity where the system sets no limit,
 * or does not tell.
 */
export function descriptorLimit(): number {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Infinity;
}
