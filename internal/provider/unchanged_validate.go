package provider

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// ValidateResourceConfig implements tfprotov6.ResourceServer. Deployments that
// count or for_each makes differ by their name, if at all: what was found valid
// under one valid name is valid under another.
func (s *unchangedServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	key, short := s.nameless(req)
	if short && s.valid.has(key) {
		return &tfprotov6.ValidateResourceConfigResponse{}, nil
	}
	resp, err := s.ProviderServer.ValidateResourceConfig(ctx, req)
	if short && err == nil && len(resp.Diagnostics) == 0 {
		s.valid.add(key)
	}
	return resp, err
}

// configurationKey stands for everything in a configuration but its name.
type configurationKey [sha256.Size]byte

// nameless is the key of a deployment's configuration; false unless the name is
// known and valid.
func (s *unchangedServer) nameless(req *tfprotov6.ValidateResourceConfigRequest) (configurationKey, bool) {
	var config encodedObject
	var name string
	if req.TypeName != "mlops_deployment" || req.Config == nil || msgpack.Unmarshal(req.Config.MsgPack, &config) != nil ||
		msgpack.Unmarshal(config["name"], &name) != nil || !deployment.ValidName(name) {
		return configurationKey{}, false
	}
	h := sha256.New()
	if c := req.ClientCapabilities; c != nil && c.WriteOnlyAttributesAllowed {
		h.Write([]byte("write-only"))
	}
	if s.provider != nil && s.provider.rt != nil {
		h.Write([]byte("configured"))
	}
	for _, attribute := range slices.Sorted(maps.Keys(config)) {
		if attribute != "name" {
			h.Write(encoded([][]byte{[]byte(attribute), config[attribute]}))
		}
	}
	return configurationKey(h.Sum(nil)), true
}

// keys is a set that several requests use at a time.
type keys struct {
	mu  sync.Mutex
	all map[configurationKey]bool
}

func (k *keys) has(key configurationKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[key]
}

func (k *keys) add(key configurationKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[configurationKey]bool{}
	}
	k.all[key] = true
}
