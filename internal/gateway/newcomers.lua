-- Which servers get requests is decided by checks that have passed, and by the first one that has not.
--
-- A server that gets an address is up for this proxy until its first check fails. Behind an address
-- that comes back is a replica that the engine has started again and that may not be ready. So
-- servers without an address have no weight, and get it back with a check that has passed.
--
-- The engine's DNS is without a replica that it starts again for some 40 ms, which the proxy mostly
-- does not see. A check falls into the 300 ms and more in which nothing listens there, and fails. That
-- alone does not make a server down, which may be busy; but as long as another one has passed
-- its check, the first one has no weight until it passes one again.

-- The gateway is new to its clients when the engine has started it again: who asked meanwhile waits for
-- its address to be known again, and asks for that once a second only. What comes from the gateway over
-- that network tells them sooner: any attempt to reach the network's router. It waits for a server that can
-- answer them.

-- router is the address of the network's router, nil without one. /proc/net/route has, after the interface,
-- destination and gateway as hexadecimals, the last byte first.
local function router()
  local routes = io.open("/proc/net/route")
  if not routes then
    return nil
  end
  local text = routes:read("a")
  routes:close()
  local d, c, b, a = string.match(text, "\n%S+%s+00000000%s+(%x%x)(%x%x)(%x%x)(%x%x)")
  return a and string.format("%d.%d.%d.%d", tonumber(a, 16), tonumber(b, 16), tonumber(c, 16), tonumber(d, 16))
end

local unannounced = router()

local function announce()
  if not unannounced then
    return
  end
  local address = unannounced
  unannounced = nil
  core.register_task(function()
    local connection = core.tcp()
    connection:settimeout(1)
    connection:connect(address, 9) -- discard; that nobody takes it does not matter
    connection:close()
  end)
end

-- look says whether a server has passed its last check and may have requests. Nil: nobody checks it.
local function look(server)
  local s = server:get_stats()
  local health, rise, fall = tonumber(s.check_health), tonumber(s.check_rise), tonumber(s.check_fall)
  if health and rise and fall then
    return health == rise + fall - 1, string.sub(tostring(s.status), 1, 2) == "UP"
  end
end

local function decide(backend)
  local known = {}
  for _, server in pairs(backend.servers) do
    local closed = tonumber(server:get_weight()) == 0
    if server:get_addr() ~= "<unknown>" then
      known[#known + 1] = { server = server, closed = closed }
    elseif not closed then
      server:set_weight("0")
    end
  end
  local passed, failing = 0, {}
  for _, k in ipairs(known) do
    if k.closed or #known > 1 then
      local passes, up = look(k.server)
      if k.closed and passes then
        k.server:set_weight("100%")
        announce()
      elseif not k.closed and passes and up then
        passed = passed + 1
      elseif not k.closed and passes == false then
        failing[#failing + 1] = k.server
      end
    end
  end
  if passed > 0 then
    for _, server in ipairs(failing) do
      server:set_weight("0")
    end
  end
end

core.register_task(function()
  while true do
    for _, backend in pairs(core.backends) do
      decide(backend)
    end
    core.msleep(50)
  end
end)
