// Package bench measures what the provider costs beside what must be paid anyway: a program that makes nothing but the
// same calls, and Terraform itself. Every benchmark lets the two take turns in one run and reports the ratio of their
// medians; a figure of one run on one machine means little, the ratio is what the bars are set on. `make bench` runs
// them. Nothing here fails because a machine is slow.
package bench
