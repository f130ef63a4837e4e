package deployment

import (
	"fmt"
	"strings"
)

// cpuPeriod is the scheduler period, in µs, to which CPU quotas refer
// (the kernel's and Docker's default).
const cpuPeriod = 100_000

// CPUPeriod and CPUQuota are the limit on CPUs in µs as the kernel takes it.
// Quota and period stay changeable and removable on a live container; the
// engine's NanoCPUs do not.
func (r Resources) CPUPeriod() int64 {
	if r.CPUs == 0 {
		return 0
	}
	return cpuPeriod
}

// CPUQuota is in µs per CPUPeriod; 0 for no limit.
func (r Resources) CPUQuota() int64 { return int64(r.CPUs*cpuPeriod + 0.5) }

// FormatBytes writes a number of bytes as users do ("512m", "4g"): the largest
// binary unit that divides it.
func FormatBytes(n int64) string {
	for _, u := range []struct {
		suffix string
		size   int64
	}{{"t", 1 << 40}, {"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}} {
		if n != 0 && n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.suffix)
		}
	}
	return fmt.Sprintf("%db", n)
}

// BinaryUnits writes a number of bytes for reading: "512 MiB".
func BinaryUnits(n int64) string {
	short := FormatBytes(n)
	unit := map[byte]string{'t': "TiB", 'g': "GiB", 'm': "MiB", 'k': "KiB", 'b': "bytes"}
	last := len(short) - 1
	return short[:last] + " " + unit[short[last]]
}

// FamiliarImage is a canonical reference as people write it.
func FamiliarImage(ref string) string {
	ref = strings.TrimPrefix(ref, "docker.io/library/")
	return strings.TrimPrefix(ref, "docker.io/")
}
