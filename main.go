// Command terraform-provider-mlops deploys machine-learning models onto Docker hosts.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/seed-mlops/terraform-provider-mlops/internal/provider"
)

// address is where Terraform looks for the provider.
const address = "registry.terraform.io/seed-mlops/mlops"

// version is set by the release build (-ldflags "-X main.version=…").
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger, and print how Terraform attaches to this process")
	flag.Parse()
	quiet()

	var opts []tf6server.ServeOpt
	if *debug {
		opts = append(opts, tf6server.WithManagedDebug())
	}
	err := tf6server.Serve(address, provider.NewServer(version), opts...)
	if err != nil {
		log.Fatal(err)
	}
}

// quiet keeps the plugin SDK from formatting a log that nobody reads: it writes
// every trace line, and Terraform parses and drops them, unless a level was
// asked for. That is a third of the time of a plan in which nothing changes.
func quiet() {
	for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	if err := os.Setenv("TF_LOG_SDK", "off"); err != nil {
		log.Print(err) // the log stays as it is
	}
}
