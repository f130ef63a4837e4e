// Package deployment is the domain: what a deployment is, how it is named,
// when a change of it needs new containers, and what an engine has to do.
//
// It knows neither Docker nor Terraform and imports the standard library only.
package deployment
