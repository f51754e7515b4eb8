package kafka

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// mockPartitions is how many partitions a topic gets where nobody says.
const mockPartitions = 4

// MockCluster is a Kafka cluster in the memory of this process, for tests: no Java, no container, no network but
// loopback. Any Kafka client can use it, in this process or in another one.
//
// It is more than the peer's: consumer groups of both protocols and transactions follow the brokers' rules, and the
// calls of AdminClient that concern topics, configurations, groups, offsets, ACLs and SCRAM users work. Topics are
// created on first use, with four partitions. Groups form at once: there is no initial rebalance delay. Transactions are
// those of version 1 of the protocol, as in the peer's.
//
// A program that does not refer to NewMockCluster does not carry the embedded broker. All methods may be called from
// any goroutine and from callbacks.
type MockCluster struct {
	cluster *kfake.Cluster
	state   *mockState
}

// mockState is what a MockCluster adds to kfake: brokers that can be cut off and slowed down, and errors to inject.
type mockState struct {
	brokers   []*mockBroker // broker i+1
	bootstrap string
	close     sync.Once

	mu     sync.Mutex // guards what follows
	closed bool
	errors map[int16]*mockErrors // by API key
}

// NewMockCluster starts a cluster of so many brokers on free ports of 127.0.0.1, with the ids 1 to brokerCount. Close
// must be called in the end.
func NewMockCluster(brokerCount int) (*MockCluster, error) {
	brokerCount = max(brokerCount, 0) // the peer makes a cluster that nobody can reach, too
	m := &MockCluster{state: &mockState{errors: map[int16]*mockErrors{}}}
	// kfake numbers its brokers from 0 and cannot do without one. So there is one more to begin with, and the first
	// one goes; the last one is the controller.
	var listeners []*mockBroker
	var err error
	m.cluster, err = kfake.NewCluster(
		kfake.NumBrokers(brokerCount+1),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			b, err := newMockBroker(network, address)
			if err == nil {
				listeners = append(listeners, b)
			}
			return b, err
		}),
		kfake.ClusterID("mockCluster"+rand.Text()[:8]),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(mockPartitions),
		// Tests use session timeouts below a real broker's minimum, and should not wait for heartbeats.
		kfake.GroupMinSessionTimeout(time.Millisecond),
		kfake.GroupMaxSessionTimeout(time.Hour),
		kfake.BrokerConfigs(map[string]string{"group.consumer.heartbeat.interval.ms": "100"}),
	)
	if err != nil {
		return nil, newErrorf(ErrFail, "Failed to start a mock cluster of %d brokers: %v", brokerCount, err).withCause(err)
	}
	m.state.brokers = listeners[1:]
	if brokerCount > 0 {
		if err := m.cluster.RemoveNode(0); err != nil {
			m.cluster.Close()
			return nil, newErrorf(ErrFail, "Failed to start a mock cluster of %d brokers: %v", brokerCount, err).withCause(err)
		}
		listeners[0].wait()
	}
	addrs := make([]string, 0, brokerCount)
	for _, b := range m.state.brokers {
		addrs = append(addrs, b.Addr().String())
	}
	m.state.bootstrap = strings.Join(addrs, ",")
	if err := m.transactionVersion1(); err != nil {
		m.Close()
		return nil, newErrorf(ErrFail, "Failed to start a mock cluster of %d brokers: %v", brokerCount, err).withCause(err)
	}
	return m, nil
}

// transactionVersion1 has clients speak version 1 of the transaction protocol, as with the peer's mock cluster: so tests can
// refuse AddPartitionsToTxn. In version 2 kfake takes a fenced producer's abort for one that is made again.
func (mc *MockCluster) transactionVersion1() error {
	if len(mc.state.brokers) == 0 {
		return nil
	}
	update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	update.Feature, update.MaxVersionLevel, update.UpgradeType = "transaction.version", 1, 2 // a downgrade that loses nothing
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.Version = 2
	req.FeatureUpdates = append(req.FeatureUpdates, update)
	resp := req.ResponseKind().(*kmsg.UpdateFeaturesResponse)
	if err := mc.state.brokers[len(mc.state.brokers)-1].request(req, resp); err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

// BootstrapServers returns the addresses of the brokers, for bootstrap.servers.
func (mc *MockCluster) BootstrapServers() string { return mc.state.bootstrap }

// CreateTopic creates a topic. 0 partitions mean four, and a replication factor that is not from 1 to the number of
// brokers means all brokers. A topic that exists is an ErrTopicAlreadyExists. It works, too, while brokers are down.
func (mc *MockCluster) CreateTopic(topic string, partitions, replicationFactor int) error {
	if err := mc.verify(); err != nil {
		return err
	}
	n := len(mc.state.brokers)
	if n == 0 {
		return newError(ErrBrokerNotAvailable)
	}
	if partitions == 0 {
		partitions = mockPartitions
	}
	if replicationFactor < 1 || replicationFactor > n {
		replicationFactor = n
	}
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = topic, int32(partitions), int16(replicationFactor)
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.TimeoutMillis = 4, mockOwnRequest
	req.Topics = append(req.Topics, rt)
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	if err := mc.state.brokers[n-1].request(req, resp); err != nil {
		return newErrorf(ErrFail, "Failed to create topic %q in the mock cluster: %v", topic, err).withCause(err)
	}
	if len(resp.Topics) != 1 {
		return newErrorf(ErrFail, "Failed to create topic %q in the mock cluster: no answer for it", topic)
	}
	return errorOf(resp.Topics[0].ErrorCode)
}

// mockOwnRequest marks the requests of CreateTopic by their timeout, which the cluster does not look at: pushed errors
// are not for them.
const mockOwnRequest = 1<<31 - 2

// SetBrokerDown closes the connections of a broker and refuses new ones, until SetBrokerUp. -1 means all brokers. The
// broker stays the leader of its partitions and the coordinator of its groups. An id that does not exist is an
// ErrBrokerNotAvailable.
func (mc *MockCluster) SetBrokerDown(brokerID int) error {
	return mc.each(brokerID, func(b *mockBroker) error { b.down(); return nil })
}

// SetBrokerUp ends what SetBrokerDown began: the broker listens again, on the same port. It fails with ErrTransport
// where something else has taken the port.
func (mc *MockCluster) SetBrokerUp(brokerID int) error {
	return mc.each(brokerID, (*mockBroker).up)
}

// SetRoundtripDuration delays every response of a broker by d; -1 means all brokers. 0 ends it.
func (mc *MockCluster) SetRoundtripDuration(brokerID int, d time.Duration) error {
	return mc.each(brokerID, func(b *mockBroker) error { b.rtt.Store(max(0, int64(d))); return nil })
}

// Close ends the cluster and its connections. It may be called more than once.
func (mc *MockCluster) Close() {
	mc.state.close.Do(func() {
		mc.state.mu.Lock()
		mc.state.closed = true
		mc.state.mu.Unlock()
		mc.cluster.Close()
		for _, b := range mc.state.brokers {
			b.wait()
		}
	})
}

// verify returns the error of a call on a closed cluster.
func (mc *MockCluster) verify() error {
	mc.state.mu.Lock()
	defer mc.state.mu.Unlock()
	if mc.state.closed {
		return newErrorf(ErrState, "Operation not allowed on closed mock cluster")
	}
	return nil
}

// each calls f for the broker of that id, for all where it is -1.
func (mc *MockCluster) each(id int, f func(*mockBroker) error) error {
	if err := mc.verify(); err != nil {
		return err
	}
	brokers := mc.state.brokers
	if id != -1 {
		if id < 1 || id > len(brokers) {
			return newError(ErrBrokerNotAvailable)
		}
		brokers = brokers[id-1 : id]
	}
	for _, b := range brokers {
		if err := f(b); err != nil {
			return err
		}
	}
	return nil
}

// mockErrors are the errors that the coming requests of one API key fail with.
type mockErrors struct {
	codes []ErrorCode
	last  *kfake.FaultHandle // of the request before, in case it had nothing that can fail
}

// PushRequestErrors makes the coming requests of a kind fail, the first with the first code and so on; those after
// the last code are served as usual. apiKey is the number of the request in the Kafka protocol (0 is Produce).
// ErrNoError serves a request, ErrTransport closes its connection without an answer, any other code must be one that
// brokers send; anything else is an ErrInvalidArg. Requests count whichever client sent them.
func (mc *MockCluster) PushRequestErrors(apiKey int16, codes ...ErrorCode) error {
	if err := mc.verify(); err != nil {
		return err
	}
	if kmsg.RequestForKey(apiKey) == nil {
		return newErrorf(ErrInvalidArg, "No request of the Kafka protocol has the number %d", apiKey)
	}
	for _, code := range codes {
		if code != ErrNoError && code != ErrTransport && brokerCode(code) == nil {
			return newErrorf(ErrInvalidArg, "No broker sends the error code %d (%s)", int(code), code)
		}
	}
	mc.state.mu.Lock()
	defer mc.state.mu.Unlock()
	e := mc.state.errors[apiKey]
	if e == nil {
		e = &mockErrors{}
		mc.state.errors[apiKey] = e
		mc.cluster.ControlKey(apiKey, mc.fail)
	}
	e.codes = append(e.codes, codes...)
	return nil
}

// fail makes a request that has come in fail with the next error for its kind. It runs before the cluster looks at
// the request: what it adds with Fault holds for this request already.
func (mc *MockCluster) fail(req kmsg.Request) (kmsg.Response, error, bool) { // kfake's signature
	if r, ok := req.(*kmsg.CreateTopicsRequest); ok && r.TimeoutMillis == mockOwnRequest {
		return nil, nil, false
	}
	mc.state.mu.Lock()
	defer mc.state.mu.Unlock()
	e := mc.state.errors[req.Key()]
	if e.last != nil {
		e.last.Remove()
		e.last = nil
	}
	if len(e.codes) == 0 {
		return nil, nil, false
	}
	code := e.codes[0]
	e.codes = e.codes[1:]
	switch code {
	case ErrNoError:
	case ErrTransport:
		mc.cluster.KeepControl()
		return nil, errors.New("closed by PushRequestErrors"), true
	default:
		e.last = mc.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Key(req.Key())}, Err: brokerCode(code)})
	}
	return nil, nil, false
}

// brokerCode returns the protocol's error of a code, nil where it has none.
func brokerCode(code ErrorCode) *kerr.Error {
	var ke *kerr.Error
	if code < -1 || code > 1<<15-1 || !errors.As(kerr.ErrorForCode(int16(code)), &ke) || ke.Code != int16(code) {
		return nil
	}
	return ke
}

// request asks a broker over a connection of its own, which neither a broker that is down nor a round trip time
// holds up.
func (b *mockBroker) request(req kmsg.Request, resp kmsg.Response) error {
	conn, err := b.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(mockRequestTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("mock")).AppendRequest(nil, req, 1)); err != nil {
		return err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	r := kbin.Reader{Src: body}
	if corr := r.Int32(); corr != 1 {
		return fmt.Errorf("response %d to request 1", corr)
	}
	if req.IsFlexible() {
		kmsg.SkipTags(&r)
	}
	resp.SetVersion(req.GetVersion())
	return resp.ReadFrom(r.Src)
}
