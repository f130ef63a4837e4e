// Package artifact keeps models on a Docker engine by their content: one volume
// for each digest, complete or not there, and what a model's name stands for.
//
// A digest is over a listing of paths, kinds, executable bits and contents. The
// volume holds the files and, written last, a manifest with that listing: a
// volume without one is an upload that did not finish. All times in it are one
// constant, so that a look at times and sizes shows what was altered since.
//
// Files go in and out through containers that are never started. What changes
// something holds a lock that is stale once its process is gone; what it left
// half-made is removed or finished by the next one.
package artifact
