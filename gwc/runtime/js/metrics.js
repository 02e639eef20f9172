// Phase 12: counters by consumer and reason, in a dictionary that all workers share.

export default function metrics() {
  const HEAD = '# HELP gwc_requests_total Answers by verified consumer and reason.\n# TYPE gwc_requests_total counter\n';

  // The text format of Prometheus; `count` of gwc.js writes the names.
  function answer(r) {
    const lines = ngx.shared.gwc_metrics.items(100000).map(function (item) {
      const labels = item[0].split('\n');
      return 'gwc_requests_total{consumer="' + escaped(labels[0]) + '",reason="' + escaped(labels[1]) + '"} ' + item[1] + '\n';
    });
    r.headersOut['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8';
    r.return(200, HEAD + lines.sort().join(''));
  }

  function escaped(text) { return text.replace(/[\\"]/g, function (c) { return '\\' + c; }); }

  return { answer };
}
