// Package adaptertest is the suite that every adapter must pass, a third party's
// too.
//
// Run takes a function that opens a Stage: the platform in memory, with the
// adapter to test, the people on the other side, and what can befall them. A
// whole test of an adapter is
//
//	func TestAdapter(t *testing.T) {
//		adaptertest.Run(t, func(t *testing.T) adaptertest.Stage {
//			srv := chattest.New(t)
//			return adaptertest.Stage{
//				Adapter: func() core.Adapter { return chat.New(chat.Config{Token: srv.Token(), HTTP: srv.Client()}) },
//				World:   srv, Repeat: srv.Repeat, Slow: srv.Slow, Cut: srv.Cut, Redelivers: true,
//			}
//		})
//	}
//
// Each case has a bubble of testing/synctest of its own, so the fake platform
// listens on a coretest/pipe network and is closed by t.Cleanup. There is no
// core.Bot: the suite talks to the adapter as core would, and to the people
// through a coretest.World.
//
// Conversations goes further: a real bot on the platform, with store, engine and
// authorization server, holds the conversations that scripts describe, and dies
// between their lines. Those of core are in core/testdata.
//
// What an adapter does beyond the suite its own tests show, with Start, which runs
// it and keeps what it hears; with a network that Says or does one thing, for what
// Means, Tries and GivesUp judge; with Serve, for what comes over HTTP; and with
// papers: Golden files, Recordings of what the platform has sent, and the Schema
// that it publishes, which CheckRequests holds against all that was asked.
package adaptertest
