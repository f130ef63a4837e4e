package gateway

import (
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What changes without a reload is in maps: files that the proxy begins with,
// and whose entries are exchanged at run time.

// mapsOf are the maps of a configuration, by the names of their files.
func mapsOf(c config) files {
	out := files{splitFile: splitMap(c.ranges()), fallbackFile: fallbackMap(c.routes, c.fallback)}
	if c.overrideHeader != "" {
		out[namesFile] = namesMap(c.routes)
	}
	if c.keys != nil {
		out[keysFile] = keysMap(c.keys)
	}
	return out
}

// maps are those of the files that are maps.
func (f files) maps() files {
	out := files{}
	for name, content := range f {
		if strings.HasSuffix(name, ".map") {
			out[name] = content
		}
	}
	return out
}

// uses reports whether a configuration is one with that file.
func uses(text, file string) bool { return strings.Contains(text, folder+"/"+file) }

// mapNouns name the maps in sentences.
var mapNouns = map[string]string{
	splitFile: "weights", fallbackFile: "fallbacks", namesFile: "deployments that requests can name",
	keysFile: "API keys",
}

// splitMap is which numbers drawn by requests lead to which deployment.
func splitMap(split []endpoint.Range) string {
	var b strings.Builder
	for _, r := range split {
		fmt.Fprintf(&b, "%d:%d %s\n", r.From, r.To, r.Deployment)
	}
	return b.String()
}

// fallbackMap is who answers for a deployment of which no replica can: the
// fallback for every other, if there is one.
func fallbackMap(routes []endpoint.Route, fallback string) string {
	var b strings.Builder
	for _, r := range routes {
		if fallback != "" && r.Deployment != fallback {
			fmt.Fprintf(&b, "%s %s\n", r.Deployment, fallback)
		}
	}
	return b.String()
}

// namesMap is which deployments a request may ask for: all, without weight too.
func namesMap(routes []endpoint.Route) string {
	var b strings.Builder
	for _, r := range routes {
		fmt.Fprintf(&b, "%s %[1]s\n", r.Deployment)
	}
	return b.String()
}

// keysMap is whose a key is, by its hash as the proxy writes it.
func keysMap(keys []endpoint.APIKey) string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%s %s\n", strings.ToUpper(k.Hash), k.Name)
	}
	return b.String()
}
