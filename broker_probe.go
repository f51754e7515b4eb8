package kafka

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// startBrokers starts the goroutines that look for a broker and tell the application of trouble.
func (c *client) startBrokers() {
	b := &c.brokers
	c.tasks.run(c.tellBrokers)
	b.mu.Lock()
	defer b.mu.Unlock()
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
	c.tasks.run(c.probeBrokers)
}

// seeds are the addresses that the engine starts from, with the port where they have none.
func (c *client) seeds() (addrs []string) {
	seeds, _ := c.engine().OptValue(kgo.SeedBrokers).([]string)
	for _, s := range seeds {
		if _, _, err := net.SplitHostPort(s); err != nil {
			s = net.JoinHostPort(strings.Trim(s, "[]"), "9092")
		}
		addrs = append(addrs, s)
	}
	return addrs
}

type probeKey struct{}

// probeBrokers asks for the cluster's brokers at start and whenever no connection is left, until one answers. An idle
// client so finds out that it can't reach or is not welcome at its cluster. While a connection is up it sleeps until one
// has ended, or, where it is not told of that, looks once a second.
func (c *client) probeBrokers(ctx context.Context) {
	ctx = context.WithValue(ctx, probeKey{}, true)
	b := &c.brokers
	pause := time.Duration(0) // between two tries, should the engine fail without trying
	for ctx.Err() == nil && c.tokens.wait(ctx) == nil {
		d, needed := b.delay()
		if !needed {
			pause = 0
			look, stop := b.nextLook()
			select {
			case <-ctx.Done():
			case <-b.search:
			case <-look:
			}
			stop()
			b.checkConnections()
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

// watchLocked has checkConnections called when the connection ends.
func (b *brokers) watchLocked(c *brokerConn) {
	c.watching, c.watched = hangups.add(c.tcp, func() {
		b.mu.Lock()
		c.watched = false // from now on it is looked at: there may be an answer left to read
		b.mu.Unlock()
		wake(b.search)
	})
}

// unwatched returns the connections that have to be looked at.
func (b *brokers) unwatched() (conns []*brokerConn) {
	if !canPeek {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for conn := range b.open {
		if c, ok := conn.(*brokerConn); ok && !c.watched {
			conns = append(conns, c)
		}
	}
	return conns
}

// nextLook returns a channel that says when to look at the connections again; nil where there is none to look at. All
// clients of the process look at the same moment: it is the waking up that costs.
func (b *brokers) nextLook() (look <-chan time.Time, stop func()) {
	if len(b.unwatched()) == 0 {
		return nil, func() {}
	}
	t := time.NewTimer(connectionCheck - time.Since(processStart)%connectionCheck)
	return t.C, func() { t.Stop() }
}

// checkConnections finds the connections that the other side has ended and that the engine does not read. The engine
// notices that they are closed when it uses them next, and opens others.
func (b *brokers) checkConnections() {
	conns := b.unwatched()
	for _, c := range conns {
		err := c.ended()
		if err == nil {
			continue
		}
		c.note(err)
		b.mu.Lock()
		if k := b.open[c]; k != nil {
			b.closedLocked(k, c, false)
		}
		b.mu.Unlock()
		_ = c.tcp.Close()
	}
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
