package provider

import (
	"os"
	"slices"
	"testing"
)

// imageVariables are what the provider reads of its environment by itself.
var imageVariables = []string{envProbeImage, envGatewayImage}

// TestMain takes them away where nothing is tested on a real engine: a test that
// has to do that by itself cannot run beside others.
func TestMain(m *testing.M) {
	if os.Getenv("TF_ACC") == "" {
		for _, name := range imageVariables {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// parallel lets a test run beside others, unless it has to change its environment.
func parallel(t *testing.T) {
	t.Helper()
	if !slices.ContainsFunc(imageVariables, func(name string) bool { return os.Getenv(name) != "" }) {
		t.Parallel()
	}
}
