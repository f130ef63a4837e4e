package deployment

import "cmp"

// Limits are what an engine can change on a running container.
type Limits struct {
	CPUQuota          int64 // µs per CPUPeriod; 0 unlimited
	Memory            int64 // bytes; 0 unlimited
	MemoryReservation int64 // bytes; 0 none
	PidsLimit         int64 // 0 unlimited
	RestartPolicy     RestartPolicy
}

// LimitsOf are the limits that s asks for.
func LimitsOf(s Spec) Limits {
	l := Limits{
		CPUQuota: s.Resource.CPUQuota(), Memory: s.Resource.Memory,
		MemoryReservation: s.Resource.MemoryReservation, PidsLimit: s.Resource.PidsLimit,
		RestartPolicy: cmp.Or(s.RestartPolicy, RestartAlways),
	}
	if s.DesiredState == DesiredStopped {
		l.RestartPolicy = RestartNo // or the engine starts it again at its own next start
	}
	return l
}

// NeedsNewContainer says why going from have to want cannot be done on a
// running container; "" when it can. Lowered memory fails or kills below the
// usage, and the engine reads a limit of zero as "unchanged".
func NeedsNewContainer(have, want Limits) string {
	switch {
	case want.Memory == 0 && have.Memory != 0:
		return "resources.memory cannot be removed from a running container"
	case want.Memory != 0 && have.Memory != 0 && want.Memory < have.Memory:
		return "resources.memory is lowered"
	case want.Memory != 0 && have.Memory == 0:
		return "resources.memory is set on an unlimited container"
	case want.MemoryReservation == 0 && have.MemoryReservation != 0:
		return "resources.memory_reservation cannot be removed from a running container"
	}
	return ""
}

// Changed names the attributes in which the limits differ.
func (l Limits) Changed(o Limits) []string {
	var out []string
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"resources.cpus", l.CPUQuota != o.CPUQuota},
		{"resources.memory", l.Memory != o.Memory},
		{"resources.memory_reservation", l.MemoryReservation != o.MemoryReservation},
		{"resources.pids_limit", l.PidsLimit != o.PidsLimit},
		{"restart_policy", l.RestartPolicy != o.RestartPolicy},
	} {
		if f.differs {
			out = append(out, f.name)
		}
	}
	return out
}
