package kafka

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// produceChannel is the channel that ProduceChannel returns and the goroutine that reads it. Both are there from the
// first call on: the million places that go.produce.channel.size has by default are 8 MB.
type produceChannel struct {
	p       *Producer
	size    int
	taken   atomic.Int32 // 1 while a message is out of the channel and not yet in the queue
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex    // guards what follows
	ch    chan *Message // nil until ProduceChannel was called
	ended bool          // nobody reads ch any more
}

// ProduceChannel returns a channel to send messages to, as a Produce that waits for room. A message that Produce would
// refuse comes back on Events as it is, with the error in its TopicPartition. With go.batch.producer the partition,
// opaque, headers and timestamp of messages are ignored, and an empty key or value is null, as in the peer.
//
// The channel stays open after Close, but nobody reads it any more.
func (p *Producer) ProduceChannel() chan *Message { return p.source.channel() }

// channel returns the channel.
func (s *produceChannel) channel() chan *Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		ch := make(chan *Message, s.size)
		if s.ch = ch; !s.ended {
			s.p.client.tasks.run(func(context.Context) { s.read(ch) })
		}
	}
	return s.ch
}

// len returns how many messages are in the channel.
func (s *produceChannel) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ch)
}

// end ends the goroutine, if there is one, and waits for it.
func (s *produceChannel) end() {
	s.mu.Lock()
	s.ended = true
	reads := s.ch != nil
	s.mu.Unlock()
	if reads {
		close(s.stop)
		<-s.stopped
	}
}

// read is the goroutine: it ends with what Close finds in the channel, which fails.
func (s *produceChannel) read(ch chan *Message) {
	defer close(s.stopped)
	for {
		select {
		case <-s.stop:
			s.refuseRest(ch)
			return
		case msg := <-ch:
			s.taken.Store(1)
			s.take(msg)
			s.taken.Store(0)
		}
	}
}

// take produces one message.
func (s *produceChannel) take(msg *Message) {
	sent := msg
	if s.p.batch && msg != nil {
		sent = bare(msg)
	}
	for {
		room := s.p.room.listen()
		err := s.p.produce(sent, nil, nil)
		if err == errQueueFull {
			select {
			case <-room:
				s.p.room.ignore()
				continue
			case <-s.stop:
				err = errPurgeQueue
			}
		}
		s.p.room.ignore()
		if err != nil {
			s.refuse(msg, err)
		}
		return
	}
}

// refuse gives a message back to the application.
func (s *produceChannel) refuse(msg *Message, err error) {
	if errors.Is(err, ErrState) && s.p.client.closed.Load() {
		err = errPurgeQueue
	}
	if msg == nil {
		s.p.events.send(toError(err), noReport)
		return
	}
	msg.TopicPartition.Error = err
	s.p.queue.add(0)
	s.p.events.send(msg, 0)
}

// refuseRest gives back what is in the channel.
func (s *produceChannel) refuseRest(ch chan *Message) {
	for {
		select {
		case msg := <-ch:
			s.refuse(msg, errPurgeQueue)
		default:
			return
		}
	}
}

// bare is what the peer's batch producer makes of a message.
func bare(msg *Message) *Message {
	m := &Message{TopicPartition: TopicPartition{Topic: msg.TopicPartition.Topic, Partition: PartitionAny}}
	if len(msg.Key) > 0 {
		m.Key = msg.Key
	}
	if len(msg.Value) > 0 {
		m.Value = msg.Value
	}
	return m
}
