package kafka

import (
	"context"
	"fmt"
	"time"
)

// brokerReport is something to tell the application.
type brokerReport struct {
	name    string
	level   int
	code    ErrorCode
	text    string // empty: only the count below
	allDown string // the text of ErrAllBrokersDown, empty where some broker is not down
}

// reportLocked queues what there is to tell about a failure. Errors that repeat themselves are told once and, with
// the number of those left out, again every half a minute.
func (b *brokers) reportLocked(k *broker, f failure) {
	r := brokerReport{name: b.name(k), level: f.level, code: f.code, allDown: b.allDownLocked()}
	now := time.Now()
	extra := ""
	tell := true
	if f.text == k.said {
		k.identical++
		tell = now.Sub(k.repeatedAt) >= identicalErrors
		if tell {
			extra = fmt.Sprintf(", %d identical error(s) suppressed", k.identical)
			k.repeatedAt = now
		}
	}
	if tell {
		k.said, k.identical = f.text, 0
		r.text = fmt.Sprintf("%s: %s (after %dms in state %s%s)", r.name, f.text, f.after.Milliseconds(), f.state, extra)
	}
	if f.level == logInfo && !b.logClose {
		r.text = ""
	}
	if r.text != "" || r.allDown != "" {
		b.pushLocked(r)
	}
}

// allDownLocked returns the text of ErrAllBrokersDown where every broker is down and it is time to say so.
func (b *brokers) allDownLocked() string {
	n := len(b.known)
	for _, k := range b.known {
		if !k.down {
			return ""
		}
	}
	if now := time.Now(); now.Sub(b.allDown) >= allDownEvents {
		b.allDown = now
		return fmt.Sprintf("%d/%d brokers are down", n, n)
	}
	return ""
}

func (b *brokers) pushLocked(r brokerReport) {
	if len(b.reports) < reportBacklog {
		b.reports = append(b.reports, r)
	}
	b.tell.startLocked()
}

// tellBrokers writes log lines and emits events, in the order in which things happened, until there are no more.
func (c *client) tellBrokers(ctx context.Context) {
	b := &c.brokers
	for {
		b.mu.Lock()
		reports := b.reports
		b.reports = nil
		b.tell.running = len(reports) > 0
		b.mu.Unlock()
		if len(reports) == 0 {
			return
		}
		for _, r := range reports {
			if ctx.Err() != nil {
				return
			}
			c.tellBroker(r)
		}
	}
}

func (c *client) tellBroker(r brokerReport) {
	if r.text != "" {
		tag := "FAIL"
		if r.code == errNoEvent {
			tag = "REQTMOUT"
		}
		c.log.threadf(r.name, r.level, tag, "%s", r.text)
		// As the peer has it: a connection that was closed is a line in the log, one that failed is an event too.
		if r.level <= logErr {
			c.emit(newErrorf(r.code, "%s", r.text))
		}
	}
	if r.allDown != "" {
		c.emit(newErrorf(ErrAllBrokersDown, "%s", r.allDown))
	}
}
