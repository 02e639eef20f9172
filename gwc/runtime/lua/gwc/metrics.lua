--- Counters of answers (gwc/controls/metrics.py) in a dictionary that all workers share. It has room for all of them: none is pushed out.
local M = {}

local HEAD = "# HELP gwc_requests_total Answers to requests, by the consumer that was verified and the reason of the access log.\n"
  .. "# TYPE gwc_requests_total counter\n"

local RESPONSES = "# HELP gwc_responses_total Answers of upstreams that were compared with the document, by operation and result.\n"
  .. "# TYPE gwc_responses_total counter\n"

--- Counts an answer. Both texts are of gwc's tables and the policy's consumers, and need no quoting.
function M.count(consumer, reason)
  local counters = ngx.shared.gwc_metrics -- nil: the policy has no metrics
  if counters then counters:incr('consumer="' .. consumer .. '",reason="' .. reason .. '"', 1, 0) end
end

--- Counts an answer of an upstream that was compared with the document.
function M.count_response(operation, word)
  local counters = ngx.shared.gwc_metrics
  if counters then counters:incr('operation="' .. operation .. '",response="' .. word .. '"', 1, 0) end
end

--- The counters as Prometheus reads them, in a fixed order: the labels of answers sort behind those of requests.
local function text(counters)
  local labels, lines, name = counters:get_keys(0), { HEAD }, "gwc_requests_total"
  table.sort(labels)
  for _, label in ipairs(labels) do
    if name == "gwc_requests_total" and string.find(label, "^operation=") then
      lines[#lines + 1], name = RESPONSES, "gwc_responses_total"
    end
    lines[#lines + 1] = string.format("%s{%s} %d\n", name, label, counters:get(label) or 0)
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
