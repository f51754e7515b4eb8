// Package mockhook lets a client start the embedded broker without a reference to it: only programs that want the
// embedded broker are to carry it.
package mockhook

import "time"

// Start starts a cluster of so many brokers, whose responses are delayed by rtt. It returns the value for
// bootstrap.servers and a function that closes the cluster. It is nil unless the package testmock is imported, which
// sets it before main begins.
var Start func(brokers int, rtt time.Duration) (bootstrap string, stop func(), err error)
