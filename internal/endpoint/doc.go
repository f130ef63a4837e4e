// Package endpoint is the domain of endpoints: a stable address that splits
// traffic over deployments. It knows neither Docker nor a proxy; what it
// computes is pure.
package endpoint
