// Search summaries are fetched page by page. A page opened from a folder may not fetch its
// neighbours, so there the results are listed without summaries instead of with errors.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
