package kafka

import "testing"

// TestChannelsWhenNeeded: a producer has neither of its two large channels until it is asked for it, and then always
// the same one.
func TestChannelsWhenNeeded(t *testing.T) {
	t.Parallel()
	p := idleProducer(t)
	if p.events.ch != nil || p.source.ch != nil {
		t.Errorf("a new producer has a channel for %d events and one for %d messages", cap(p.events.ch), cap(p.source.ch))
	}
	if p.Len() != 0 {
		t.Errorf("%d messages and reports in a new producer", p.Len())
	}
	if first := p.Events(); first != p.Events() || cap(first) != maxChannel {
		t.Errorf("Events() has %d places, want one channel with %d", cap(first), maxChannel)
	}
	if first := p.ProduceChannel(); first != p.ProduceChannel() || cap(first) != 1_000_000 {
		t.Errorf("ProduceChannel() has %d places, want one channel with a million", cap(first))
	}
	p.ProduceChannel() <- nil
	if e, ok := (<-p.Events()).(Error); !ok || e.Code() != ErrInvalidArg {
		t.Errorf("ProduceChannel, which came late, is not read: %v", e)
	}
	p.Close()
	if _, open := <-p.Events(); open {
		t.Error("Events() is open after Close")
	}
	if p := idleProducer(t, "transactional.id", "t"); cap(p.Events()) != maxTransactions {
		t.Errorf("Events() of a producer with transactions has %d places, want %d", cap(p.Events()), maxTransactions)
	}
	if p := idleProducer(t, "go.events.channel.size", 7); cap(p.Events()) != 7 {
		t.Errorf("Events() has %d places, want the 7 that were asked for", cap(p.Events()))
	}
}

// TestChannelsAfterClose: who asks for the channels when it is too late gets one that is closed, and one that nobody
// reads.
func TestChannelsAfterClose(t *testing.T) {
	t.Parallel()
	p := idleProducer(t)
	p.Close()
	if _, open := <-p.Events(); open {
		t.Error("Events() is open after Close")
	}
	p.ProduceChannel() <- &Message{}
}

func idleProducer(t *testing.T, conf ...any) *Producer {
	t.Helper()
	p, err := NewProducer(minimal(producerClient, conf...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
