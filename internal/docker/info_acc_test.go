package docker

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestAccInfo(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Info(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			info, err := c.Info(t.Context())
			if err != nil || info.ID == "" || info.CPUs == 0 || info.Memory == 0 || info.APIVersion != c.APIVersion ||
				info.OSType != "linux" || (info.CgroupVersion != "1" && info.CgroupVersion != "2") {
				t.Errorf("info %+v, %v", info, err)
			}
		})
	}
	all.Wait()
}
