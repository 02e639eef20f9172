--- What the hosts that are NGINX inside (Kong, OpenResty) have in common: reading a request, SNI, the log line.
local certificate = require "gwc.certificate"
local token_cache = require "gwc.token_cache"
local trimmed = require "gwc.trimmed"

local M = {}

local find, lower, match = string.find, string.lower, string.match

local REMEMBERED_CERTIFICATES = 500
local names_of = token_cache.new(REMEMBERED_CERTIFICATES) -- PEM text -> {uris=, dns_names=}

--- The target as it stands in the request line: `$request_uri` lacks scheme and host of an absolute target.
local function raw_target(line)
  return line and match(line, "^%S+ (%S+) HTTP/%d+%.%d+$")
end

--- What `read` says of the file with the body that is not in memory; `nothing` when there is no body; nil: the file can't be read.
local function of_file(read, nothing)
  local name = ngx.req.get_body_file()
  if name == nil then return nothing end
  local file = io.open(name, "rb")
  local found = file and read(file)
  if file then file:close() end
  return found
end

local function size_of(file) return file:seek("end") end
local function text_of(file) return file:read("*a") end

--- Bytes of a body that was buffered; nil: neither in memory nor in a file that can be read.
local function buffered_bytes()
  local text = ngx.req.get_body_data()
  if text then return #text end
  return of_file(size_of, 0)
end

--- The bytes of the body, as they are forwarded: NGINX reads all of it, into memory or a file. nil: they can't be had.
local function body_text()
  ngx.req.read_body()
  return ngx.req.get_body_data() or of_file(text_of, "")
end

--- Length of the body. A declared length is believed (NGINX lets no other number of bytes pass), so that only a chunked body is
-- read, and NGINX itself answers 413 while it reads one that is larger than its own limit.
local function body_bytes()
  local declared = ngx.var.http_content_length
  if declared then return tonumber(declared) end
  if ngx.var.http_transfer_encoding == nil then return 0 end
  ngx.req.read_body()
  return buffered_bytes()
end

--- The names of the client's certificate; nil when there is none, or none that leads to the listener's authorities.
local function client_certificate()
  local var = ngx.var
  if var.ssl_client_verify ~= "SUCCESS" then return nil end
  local pem = assert(var.ssl_client_raw_cert, "a verified certificate that is not there")
  local names = names_of.get(pem)
  if names == nil then
    names = certificate.read(pem)
    names_of.put(pem, names)
  end
  return names
end

--- The request as gwc.decide takes it. values: gwc.decide.values.
function M.read(values)
  local var = ngx.var
  local headers = ngx.req.get_headers(0) -- 0: all of them; the default stops at 100
  return {
    method = ngx.req.get_method(),
    version = ngx.req.http_version() or 0,
    target = raw_target(var.request),
    host = var.http_host and var.host,
    sni = var.ssl_server_name and lower(var.ssl_server_name),
    client = var.remote_addr,
    chain = var.gwc_chain,
    headers = headers,
    header = function(name)
      local out = {}
      for i, value in ipairs(values(rawget(headers, name))) do out[i] = trimmed(value) end -- NGINX leaves tabs
      return out
    end,
    certificate = client_certificate,
    body_bytes = body_bytes,
    body_text = body_text,
  }
end

--- The host that a handshake asks for, in lower case; nil when it is not served. server_name: function of `ngx.ssl`.
function M.served(data, server_name)
  local name = server_name()
  if name == nil then return nil end
  name = lower(name)
  return data.hosts[name] == true and name or nil
end

--- Whether the request line asks for CONNECT: NGINX calls such a line malformed, gwc an unknown method.
function M.is_connect(line)
  return line ~= nil and find(line, "^CONNECT ") ~= nil
end

--- Whether NGINX refused the certificate of the connection, or that there is none: 495 and 496 are its own numbers, which become 400.
local function is_about_certificate(data, status)
  if status == 495 or status == 496 then return true end
  local verified = status == 400 and ngx.var.ssl_client_verify or ""
  return find(verified, "^FAILED") ~= nil or (verified == "NONE" and data.client_certificates == "required")
end

--- Reason and status of an answer that NGINX made on its own. problem_details: the module gwc.problem_details.
function M.own_answer(problem_details, data, status)
  if is_about_certificate(data, status) then return "normalise.certificate", data.statuses["normalise.certificate"] end
  if status == 494 then status = 431 end -- NGINX's own number for a head that its buffers do not hold
  if status == 400 and M.is_connect(ngx.var.request) then status = 405 end
  return problem_details.of_core(data, status)
end

--- A field of the answer, beside those of the upstream that have its name.
function M.add_field(name, value)
  local there = ngx.header[name]
  if there == nil then
    ngx.header[name] = value
    return
  end
  local values = type(there) == "table" and { unpack(there) } or { there }
  values[#values + 1] = value
  ngx.header[name] = values
end

function M.duration_ms()
  return string.format("%d", math.max(0, (ngx.now() - ngx.req.start_time()) * 1000))
end

return M
