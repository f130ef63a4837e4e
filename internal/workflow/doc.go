// Package workflow is ordered training → evaluation → deployment steps: what a
// step's result depends on (its hash), which steps run next and why, and the
// run itself against a few small interfaces. It knows neither Docker nor
// Terraform.
package workflow
