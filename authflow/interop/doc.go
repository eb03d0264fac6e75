// Package interop logs in at authorization servers that others wrote, run in
// process: usher knows them by its settings alone, and no code is for either.
//
// Its tests are a list of scenarios, each played at each server in virtual time
// and told as one story. It is a module of its own, so that nobody who uses usher
// gets those servers with it.
package interop
