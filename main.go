// Command terraform-provider-mlops deploys machine-learning models onto Docker hosts.
package main

func main() {}
