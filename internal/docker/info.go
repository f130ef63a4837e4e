package docker

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/system"
	"golang.org/x/sync/singleflight"
)

// infoTimeout bounds the one call whose answer all callers share.
const infoTimeout = 30 * time.Second

// infoCache keeps the answer of Info for the life of a client. Errors are not kept.
type infoCache struct {
	known  atomic.Pointer[Info]
	flight singleflight.Group
}

// Info returns the engine's facts. The engine is asked once; concurrent first
// callers share the call, and none of them ends it for the others.
func (c *Client) Info(ctx context.Context) (Info, error) {
	if known := c.info.known.Load(); known != nil {
		return *known, nil
	}
	answer := c.info.flight.DoChan("", func() (any, error) {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), infoTimeout)
		defer cancel()
		raw, err := c.api.Info(asking)
		if err != nil {
			return nil, c.fail(asking, err)
		}
		info := infoOf(raw, c.APIVersion)
		c.info.known.Store(&info)
		return info, nil
	})
	select {
	case <-ctx.Done():
		return Info{}, context.Cause(ctx)
	case got := <-answer:
		if got.Err != nil {
			return Info{}, got.Err
		}
		return got.Val.(Info), nil
	}
}

func infoOf(raw system.Info, apiVersion string) Info {
	return Info{
		ID: raw.ID, Name: raw.Name, Version: raw.ServerVersion, APIVersion: apiVersion,
		OSType: raw.OSType, Arch: raw.Architecture, CPUs: raw.NCPU, Memory: raw.MemTotal,
		CgroupVersion: raw.CgroupVersion,
		Rootless: slices.ContainsFunc(raw.SecurityOptions, func(option string) bool {
			return option == "rootless" || strings.HasPrefix(option, "name=rootless")
		}),
		Swarm: raw.Swarm.ControlAvailable,
	}
}
