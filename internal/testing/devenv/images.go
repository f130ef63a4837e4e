package main

// probeImage is the image of the provider's own short-lived containers in the tests: busybox, built without a registry.
const probeImage = "mlops-dev/busybox:1"
