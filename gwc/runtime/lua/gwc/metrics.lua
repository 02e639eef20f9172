--- Counters of answers (gwc/controls/metrics.py) in a dictionary that all workers share. It has room for all of them: none is pushed out.
local M = {}

local HEAD = "# HELP gwc_requests_total Answers to requests, by the consumer that was verified and the reason of the access log.\n"
  .. "# TYPE gwc_requests_total counter\n"

local LIMITS = "# HELP gwc_rate_limit_events_total What happened to the store of a limit: forgotten buckets, and failures of a shared store.\n"
  .. "# TYPE gwc_rate_limit_events_total counter\n"

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

--- Counts what happened to a limit: "forgotten" or "storeFailed".
function M.count_limit(id, event)
  local counters = ngx.shared.gwc_metrics
  if counters then counters:incr('limit="' .. id .. '",event="' .. event .. '"', 1, 0) end
end

local FAMILIES = { -- by the first label
  consumer = { "gwc_requests_total", HEAD },
  limit = { "gwc_rate_limit_events_total", LIMITS },
  operation = { "gwc_responses_total", RESPONSES },
}

--- The counters as Prometheus reads them, in a fixed order: that of the first labels.
local function text(counters)
  local labels, lines, name = counters:get_keys(0), { HEAD }, "gwc_requests_total"
  table.sort(labels)
  for _, label in ipairs(labels) do
    local family = FAMILIES[string.match(label, "^%a+")]
    if name ~= family[1] then
      name, lines[#lines + 1] = family[1], family[2]
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
