package gateway

import "io"

// What tests that need an engine, and so are of another package, need of this one.

// GoldenArchives are the golden configurations, each as a gateway gets them: a
// tar for the root of its container.
func GoldenArchives() (map[string]io.Reader, error) {
	out := map[string]io.Reader{}
	for name, c := range goldenConfigs {
		f, err := render(c)
		if err != nil {
			return nil, err
		}
		out[name] = archive(f, "", folder[1:])
	}
	return out, nil
}

// ConfigPath is where the configuration then is.
const ConfigPath = folder + "/" + configFile

// User is whom the files belong to.
const User = gatewayUser
