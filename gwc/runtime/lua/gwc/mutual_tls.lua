--- Client certificates (gwc/controls/mutual_tls.py): whom the names of a trusted one stand for.
local M = {}

local lower = string.lower

--- The one consumer that all known names of the certificate lead to, or nil and the reason. control: {uris=, dns_names=}, name ->
-- consumer. certificate: {uris=, dns_names=}, lists.
function M.check(control, certificate)
  local consumer
  local function lead_to(found)
    if found == nil then return true end
    local same = consumer == nil or consumer == found
    consumer = found
    return same
  end
  for _, uri in ipairs(certificate.uris) do
    if not lead_to(control.uris[uri]) then return nil, "authn.certificate" end
  end
  for _, name in ipairs(certificate.dns_names) do
    if not lead_to(control.dns_names[lower(name)]) then return nil, "authn.certificate" end
  end
  if consumer == nil then return nil, "authn.certificate" end
  return consumer
end

return M
