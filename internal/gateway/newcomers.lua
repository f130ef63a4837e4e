-- A server that gets an address is up for this proxy until its first check fails. Behind an address
-- that comes back is a replica that the engine has started again and that may not be ready. So
-- servers without an address have no weight, and get it back with a check that has passed.
-- From version 3.1 on "init-state down" does the same, and this is not loaded.
core.register_task(function()
  while true do
    for _, backend in pairs(core.backends) do
      for _, server in pairs(backend.servers) do
        local known, closed = server:get_addr() ~= "<unknown>", tonumber(server:get_weight()) == 0
        if not known and not closed then
          server:set_weight("0")
        elseif known and closed then
          local s = server:get_stats()
          if s.check_health == s.check_rise + s.check_fall - 1 then
            server:set_weight("100%")
          end
        end
      end
    end
    core.msleep(50)
  end
end)
