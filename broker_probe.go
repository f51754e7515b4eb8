package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// startBrokers starts to look for a broker and to tell the application of trouble.
func (c *client) startBrokers() {
	b := &c.brokers
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tell.start = func() { c.tasks.run(c.tellBrokers) }
	seeds := c.seeds()
	if slices.Equal(seeds, []string{noBroker}) {
		if c.conf.str("metadata.broker.list") != "" { // and no entry of it was good
			b.pushLocked(brokerReport{allDown: "No brokers configured"})
		}
		return
	}
	for _, addr := range seeds {
		b.findLocked(addr, -1)
	}
	b.probe.start = func() { c.tasks.run(c.probeBrokers) }
	b.probe.startLocked()
}

// seeds are the addresses that the engine starts from.
func (c *client) seeds() []string {
	seeds, _ := c.parseSeeds()
	return seeds
}

type probeKey struct{}

// probeBrokers asks for the cluster's brokers at start and whenever no connection is left, until one answers. An idle
// client so finds out that it can't reach or is not welcome at its cluster. While a connection is up it is not there, but
// where nobody tells of ends of connections: then it looks once a second whether the connection still is.
func (c *client) probeBrokers(ctx context.Context) {
	ctx = context.WithValue(ctx, probeKey{}, true)
	b := &c.brokers
	pause := time.Duration(0) // between two tries, should the engine fail without trying
	for ctx.Err() == nil && c.tokens.wait(ctx) == nil {
		d, needed := b.delay()
		if !needed {
			pause = 0
			if b.rest() {
				return
			}
			// All clients of the process look at the same moment: it is the waking up that costs.
			look := time.NewTimer(connectionCheck - time.Since(processStart)%connectionCheck)
			select {
			case <-ctx.Done():
			case <-b.search:
			case <-look.C:
				b.checkConnections()
			}
			look.Stop()
			continue
		}
		timer := time.NewTimer(max(d, pause))
		select {
		case <-ctx.Done():
		case <-b.search: // the delays may have been lifted
			timer.Stop()
			pause = 0
			continue
		case <-timer.C:
		}
		c.probe(ctx)
		pause = probePause
	}
}

// probe asks one broker after the other for the list of brokers until one answers, and notes those it names.
func (c *client) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.conf.ms("socket.connection.setup.timeout.ms")+apiVersionTimeout)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return
	}
	b := &c.brokers
	b.mu.Lock()
	defer b.mu.Unlock()
	current := map[string]bool{}
	for _, a := range c.seeds() {
		current[a] = true
	}
	for _, m := range resp.Brokers {
		current[b.findLocked(address(m.Host, m.Port), m.NodeID).addr] = true
	}
	for addr, k := range b.known { // brokers that left the cluster are not down, they are gone
		if !current[addr] && k.conns == 0 {
			delete(b.known, addr)
		}
	}
}

// delay returns how long it is until some broker may be tried, and false where one is up.
func (b *brokers) delay() (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.maxDelay
	for _, k := range b.known {
		d = min(d, time.Until(k.retryAt))
	}
	return d, !b.upLocked()
}

// watchLocked has the connection looked at when the other side ends it, or else now and then.
func (b *brokers) watchLocked(c *brokerConn) {
	c.watching, c.watched = hangups.add(c.tcp, func() { b.hungUp(c) })
	if !c.watched {
		b.searchLocked()
	}
}

// hungUp looks at a connection that the other side is said to have ended.
func (b *brokers) hungUp(c *brokerConn) {
	b.mu.Lock()
	first := c.watched
	b.mu.Unlock()
	if first { // else probeBrokers looks at it already
		b.checkConnection(c)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[c] != nil { // there may be an answer left to read
		c.watched = false
		b.searchLocked()
	}
}

// unwatchedLocked returns the connections that have to be looked at.
func (b *brokers) unwatchedLocked() (conns []*brokerConn) {
	if !canPeek {
		return nil
	}
	for conn := range b.open {
		if c, ok := conn.(*brokerConn); ok && !c.watched {
			conns = append(conns, c)
		}
	}
	return conns
}

// rest reports whether probeBrokers has nothing to do and ends. Who has something for it later starts it.
func (b *brokers) rest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.upLocked() || len(b.unwatchedLocked()) > 0 {
		return false
	}
	b.probe.running = false
	return true
}

// checkConnections finds the connections that the other side has ended and that the engine does not read. The engine
// notices that they are closed when it uses them next, and opens others.
func (b *brokers) checkConnections() {
	b.mu.Lock()
	conns := b.unwatchedLocked()
	b.mu.Unlock()
	for _, c := range conns {
		b.checkConnection(c)
	}
}

func (b *brokers) checkConnection(c *brokerConn) {
	err := c.ended()
	if err == nil {
		return
	}
	c.note(err)
	b.mu.Lock()
	if k := b.open[c]; k != nil {
		b.closedLocked(k, c, false)
	}
	b.mu.Unlock()
	_ = c.tcp.Close()
}

// brokersUp counts the brokers that there are connections to.
func (c *client) brokersUp() (n int) {
	b := &c.brokers
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.known {
		if k.conns > 0 && !k.down {
			n++
		}
	}
	return n
}

// awaitBroker waits until a broker is up. It returns the error of ctx where that ends first. Calls that the peer holds
// until their timeout while no broker is up use it between two tries.
func (c *client) awaitBroker(ctx context.Context) error {
	for {
		b := &c.brokers
		b.mu.Lock()
		up, changed := b.upLocked(), b.changed
		b.mu.Unlock()
		if up {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.tasks.ctx.Done():
			return errClosed()
		}
	}
}
