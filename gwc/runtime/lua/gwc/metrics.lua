--- Counters of answers (gwc/controls/metrics.py) in a dictionary that all workers share. It has room for all of them: none is pushed out.
local M = {}

local HEAD = "# HELP gwc_requests_total Answers to requests, by the consumer that was verified and the reason of the access log.\n"
  .. "# TYPE gwc_requests_total counter\n"

--- Counts an answer. Both texts are of gwc's tables and the policy's consumers, and need no quoting.
function M.count(consumer, reason)
  local counters = ngx.shared.gwc_metrics -- nil: the policy has no metrics
  if counters then counters:incr('consumer="' .. consumer .. '",reason="' .. reason .. '"', 1, 0) end
end

--- The counters as Prometheus reads them, in a fixed order.
local function text(counters)
  local labels, lines = counters:get_keys(0), { HEAD }
  table.sort(labels)
  for _, label in ipairs(labels) do
    lines[#lines + 1] = string.format("gwc_requests_total{%s} %d\n", label, counters:get(label) or 0)
  end
  return table.concat(lines)
end

--- The content of `/metrics`.
function M.serve()
  local method = ngx.req.get_method()
  if method ~= "GET" and method ~= "HEAD" then
    ngx.header["Allow"] = "GET, HEAD"
    return ngx.exit(405)
  end
  local body = text(ngx.shared.gwc_metrics)
  ngx.header["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return M
