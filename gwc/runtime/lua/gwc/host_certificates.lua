--- Certificates of single hosts: read while the server starts, with the rights of its master process, and shown to those who ask for the host.
--
-- A file that can't be read, is no PEM, or a key of another certificate is an error: the server does not start, and a reload keeps the old ones.
local ssl = require "ngx.ssl"

local M = {}

local function read(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function load(files, is_pair)
  local certificate, private_key = read(files.certificate), read(files.private_key)
  if not is_pair(certificate, private_key) then error("the key " .. files.private_key .. " is not that of " .. files.certificate) end
  return { chain = assert(ssl.parse_pem_cert(certificate)), key = assert(ssl.parse_pem_priv_key(private_key)) }
end

--- Host -> what `show` takes. certificates: host -> {certificate=, private_key=} (paths). is_pair: function(PEM, PEM) of the host's library.
function M.load_all(certificates, is_pair)
  local loaded = {}
  for host, files in next, certificates do loaded[host] = load(files, is_pair) end
  return loaded
end

--- In the certificate phase. found: an entry of `load_all`; nil: the pair of the listener stays.
function M.show(found)
  if found == nil then return end
  assert(ssl.clear_certs())
  assert(ssl.set_cert(found.chain))
  assert(ssl.set_priv_key(found.key))
end

return M
