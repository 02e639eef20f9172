--- A bounded memory of what was verified, per worker: at most two times `capacity` entries, the oldest are forgotten first.
--
-- Two tables: when the young one is full, it becomes the old one. What is asked for moves back to the young one.
local M = {}

--- {get = function(key), put = function(key, value), forget = function(key)}.
function M.new(capacity)
  local cache, young, old, count = {}, {}, {}, 0

  function cache.put(key, value)
    if young[key] == nil then
      if count >= capacity then young, old, count = {}, young, 0 end
      count = count + 1
    end
    young[key] = value
  end

  function cache.get(key)
    local value = young[key]
    if value ~= nil then return value end
    value = old[key]
    if value ~= nil then cache.put(key, value) end
    return value
  end

  function cache.forget(key)
    young[key], old[key] = nil, nil
  end

  return cache
end

return M
