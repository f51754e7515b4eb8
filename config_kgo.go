package kafka

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// The engine's own bounds. librdkafka allows values beyond them, so what is beyond is moved to the bound: the engine
// must start with every configuration that is legal there.
const (
	engineMinTimeout  = 100 * time.Millisecond
	engineMaxTimeout  = 15 * time.Minute
	engineMinWait     = 10 * time.Millisecond
	engineMaxLinger   = time.Minute
	engineMaxMetadata = time.Hour
	engineMinBytes    = 1 << 10
	engineMaxBytes    = 1 << 30
	engineMaxID       = 256
	engineMaxRack     = 512
	engineMaxTxnID    = 16382
)

// noBroker is where a client without bootstrap servers looks for one: nothing ever listens on port 0.
const noBroker = "127.0.0.1:0"

const defaultPort = 9092

// engineOpts turns the settings into the options of the engine. No default of the engine's is left to itself: each
// option that says how the engine behaves is given, from a property or as librdkafka behaves.
//
// How connections are made is in networkOpts. What belongs to producers or consumers alone, such as partitioners and
// hooks, they add themselves. There are no options of consumer groups: membership is this package's own.
func engineOpts(c *client) ([]kgo.Opt, error) {
	s := c.conf
	opts := []kgo.Opt{
		kgo.ClientID(clip(s.str("client.id"), engineMaxID)),
		kgo.SoftwareNameAndVersion(clip(s.str("client.software.name"), engineMaxID), clip(s.str("client.software.version"), engineMaxID)),
		kgo.DialTimeout(s.ms("socket.connection.setup.timeout.ms")),
	}
	opts = append(opts, c.seedOpts()...)
	opts = append(opts, requestOpts(s)...)
	opts = append(opts, metadataOpts(s)...)
	opts = append(opts, producerOpts(s)...)
	opts = append(opts, fetchOpts(s)...)
	if s.str("debug") != "" {
		opts = append(opts, kgo.WithLogger(engineLog{c.log}))
	}
	return opts, nil
}

// clip cuts a text to n bytes.
func clip(s string, n int) string { return s[:min(len(s), n)] }

func clamp[T int | time.Duration](v, lo, hi T) T { return max(lo, min(v, hi)) }

func (c *client) seedOpts() []kgo.Opt {
	seeds, bad := c.parseSeeds()
	for _, text := range bad {
		c.log.printf(logWarning, "BROKER", "%s", text)
	}
	opts := []kgo.Opt{kgo.SeedBrokers(seeds...)}
	if c.conf.str("metadata.recovery.strategy") == "rebootstrap" {
		opts = append(opts, kgo.OnRebootstrapRequired(func() ([]string, error) { return seeds, nil }))
	}
	return opts
}

// parseSeeds returns the addresses that bootstrap.servers has, or noBroker, and a line to log for each entry that is left
// out.
func (c *client) parseSeeds() (addrs, bad []string) {
	addrs, bad = parseBrokers(c.conf.str("metadata.broker.list"), c.conf.str("security.protocol"))
	if len(addrs) == 0 {
		addrs = []string{noBroker}
	}
	return addrs, bad
}

// parseBrokers reads bootstrap.servers: [PROTO://]host[:port], separated by commas. It returns the addresses with
// their ports, and a line to log for each entry that is left out.
func parseBrokers(list, protocol string) (addrs, bad []string) {
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.Trim(entry, cSpace)
		if entry == "" {
			continue
		}
		addr := entry
		if proto, rest, ok := strings.Cut(entry, "://"); ok {
			switch {
			case find(globalScope, "security.protocol").word(proto) == "":
				bad = append(bad, fmt.Sprintf("Broker name \"%s\" parse error: unsupported protocol \"%s\"", entry, proto))
				continue
			case !strings.EqualFold(proto, protocol):
				bad = append(bad, fmt.Sprintf("Broker name \"%s\" parse error: protocol \"%s\" does not match security.protocol setting \"%s\"", entry, proto, protocol))
				continue
			}
			addr = rest
		}
		host, port, err := splitAddr(addr)
		if err != nil {
			bad = append(bad, fmt.Sprintf("Broker name \"%s\" parse error: %v", entry, err))
			continue
		}
		addrs = append(addrs, net.JoinHostPort(host, port))
	}
	return addrs, bad
}

// splitAddr splits host, host:port, [v6] and [v6]:port; more than one colon without brackets is an IPv6 address. No
// host is localhost.
func splitAddr(addr string) (host, port string, err error) {
	host, port = addr, strconv.Itoa(defaultPort)
	switch {
	case strings.HasPrefix(addr, "["):
		inside, after, ok := strings.Cut(addr[1:], "]")
		if !ok || after != "" && after[0] != ':' {
			return "", "", errors.New("bad IPv6 address")
		}
		host = inside
		if after != "" {
			port = after[1:]
		}
	case strings.Count(addr, ":") == 1:
		host, port, _ = strings.Cut(addr, ":")
	}
	if strings.ContainsAny(host, "[]") {
		return "", "", errors.New("bad IPv6 address")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > math.MaxUint16 {
		return "", "", fmt.Errorf("bad port %q", port)
	}
	if host = strings.Trim(host, cSpace); host == "" {
		host = "localhost"
	}
	return host, port, nil
}

// requestOpts bound requests and connections.
func requestOpts(s *settings) []kgo.Opt {
	timeout := s.ms("socket.timeout.ms")
	idle := s.ms("connections.max.idle.ms")
	if idle == 0 { // never
		idle = engineMaxTimeout
	}
	read := s.maxRead()
	opts := []kgo.Opt{
		kgo.RequestTimeoutOverhead(clamp(timeout, engineMinTimeout, engineMaxTimeout)),
		// A request is sent again for as long as it may take as a whole, however often that is.
		kgo.RetryTimeout(timeout),
		kgo.RequestRetries(math.MaxInt32),
		kgo.RetryBackoffFn(backoff(s.ms("retry.backoff.ms"), s.ms("retry.backoff.max.ms"))),
		kgo.ConnIdleTimeout(clamp(idle, engineMinTimeout, engineMaxTimeout)),
		kgo.BrokerMaxWriteBytes(int32(max(brokerMaxRequest, min(s.maxBatch()+requestRoom, engineMaxBytes)))),
		kgo.BrokerMaxReadBytes(int32(read)),
		kgo.MaxDecompressBatchBytes(engineMaxBytes),
		kgo.MaxVersions(maxVersions(s)),
	}
	if !s.flag("enable.metrics.push") {
		opts = append(opts, kgo.DisableClientMetrics())
	}
	return opts
}

const (
	// brokerMaxRequest is the largest request that brokers take unless told otherwise. It bounds how many batches for
	// different partitions go into one.
	brokerMaxRequest = 100 << 20
	// requestRoom is for what is around a batch in its request.
	requestRoom = 64 << 10
	// brokerMaxBatch is the largest batch that brokers take unless told otherwise.
	brokerMaxBatch = 1<<20 + 12
	// batchRoom is for what is around the messages of a batch.
	batchRoom = 128
)

// maxBatch is the size to which batches grow. librdkafka lets a batch of a single message be larger than
// message.max.bytes by what is around the message. The engine has one bound for all batches: where the application
// set it, it may be the broker's own bound, which no batch may pass; else there is room.
func (s *settings) maxBatch() int {
	n := s.num("message.max.bytes")
	if s.isSet("message.max.bytes") {
		return n
	}
	return max(n, min(n+batchRoom, brokerMaxBatch))
}

// maxRead is the size of the largest response that is read.
func (s *settings) maxRead() int {
	return clamp(s.num("receive.message.max.bytes"), engineMinBytes, engineMaxBytes)
}

// backoff doubles first with every failure up to longest, and makes it up to a fifth shorter or longer so that
// clients spread.
func backoff(first, longest time.Duration) func(int) time.Duration {
	return func(failures int) time.Duration {
		d := min(first, longest)
		for ; failures > 1 && d < longest; failures-- {
			d *= 2
		}
		return min(time.Duration(float64(d)*(0.8+0.4*rand.Float64())), longest)
	}
}

// newestVersions are the newest versions of requests that a client uses unless it is told otherwise. All clients share
// them: the engine only reads them.
var newestVersions = sync.OnceValue(func() *kversion.Versions { return namedOffsets(knownGroups(kversion.Stable())) })

// maxVersions are the newest versions of requests to use.
func maxVersions(s *settings) *kversion.Versions {
	transactional := s.kind == producerClient && s.str("transactional.id") != ""
	if !transactional && s.flag("api.version.request") {
		return newestVersions()
	}
	versions := kversion.Stable()
	if !s.flag("api.version.request") {
		if versions = kversion.FromString(s.str("broker.version.fallback")); versions == nil {
			versions = kversion.V0_10_0() // what librdkafka takes an unknown version for
		}
	}
	if transactional {
		versions = transactionVersions(versions)
	}
	return namedOffsets(knownGroups(versions))
}

// knownGroups keeps brokers to describing groups that they don't know, too: from version 6 of the request on they say
// only that there is no such group, and no longer what the client may do with it.
func knownGroups(v *kversion.Versions) *kversion.Versions {
	const last = 5
	if most, ok := v.LookupMaxKeyVersion(kmsg.DescribeGroups.Int16()); ok && most > last {
		v.SetMaxKeyVersion(kmsg.DescribeGroups.Int16(), last)
	}
	return v
}

// missingTopic is how long a topic may be missing from metadata before the engine forgets it: brokers that have not
// heard of a new topic yet leave it out.
const missingTopic = 15 * time.Second

func metadataOpts(s *settings) []kgo.Opt {
	oldest := s.ms("topic.metadata.refresh.interval.ms")
	if oldest <= 0 {
		oldest = engineMaxMetadata
	}
	oldest = clamp(oldest, engineMinWait, engineMaxMetadata)
	opts := []kgo.Opt{
		kgo.MetadataMaxAge(oldest),
		kgo.MetadataMinAge(clamp(min(s.ms("topic.metadata.refresh.fast.interval.ms"), s.ms("retry.backoff.max.ms")), engineMinWait, oldest)),
		kgo.ConsiderMissingTopicDeletedAfter(missingTopic),
	}
	if s.flag("allow.auto.create.topics") {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	return opts
}

// txnRetry is the pause after a broker is still busy with the transaction before. That takes it some milliseconds: with pauses
// of 20, which are common, a producer of small transactions does nothing most of the time.
const txnRetry = 3 * time.Millisecond

func producerOpts(s *settings) []kgo.Opt {
	opts := []kgo.Opt{
		compression(s),
		kgo.ProducerBatchMaxBytes(int32(s.maxBatch())),
		kgo.ProducerLinger(engineLinger(s.ms("queue.buffering.max.ms"))),
		kgo.ProduceRequestTimeout(max(s.ms("request.timeout.ms"), engineMinTimeout)),
		kgo.RecordRetries(s.num("message.send.max.retries")),
		kgo.ConcurrentTransactionsBackoff(txnRetry),
		kgo.TransactionTimeout(s.ms("transaction.timeout.ms")),
		// The producer counts and times its messages itself: the engine must neither block nor fail one.
		kgo.MaxBufferedRecords(math.MaxInt32),
		kgo.MaxBufferedBytes(0),
		kgo.RecordDeliveryTimeout(0),
		kgo.UnknownTopicRetries(-1),
	}
	if s.kind != producerClient || !s.flag("enable.idempotence") {
		opts = append(opts,
			kgo.DisableIdempotentWrite(),
			kgo.MaxProduceRequestsInflightPerBroker(s.num("max.in.flight.requests.per.connection")))
	} else if s.str("transactional.id") == "" {
		// message.timeout.ms and Purge end messages in flight too, which librdkafka makes good by a new epoch.
		opts = append(opts, kgo.AllowIdempotentProduceCancellation())
	}
	if id := s.str("transactional.id"); id != "" && s.kind == producerClient {
		opts = append(opts, kgo.TransactionalID(clip(id, engineMaxTxnID)))
	}
	return append(opts, kgo.RequiredAcks(acks(s)))
}

// acks are the acknowledgements to ask for. The engine knows no others than these; the producer fails messages where
// the application asks for a number of replicas, as brokers do.
func acks(s *settings) kgo.Acks {
	switch n := s.num("request.required.acks"); {
	case s.kind != producerClient || n < 0:
		return kgo.AllISRAcks()
	case n == 0:
		return kgo.NoAck()
	}
	return kgo.LeaderAck()
}

// preferredReplica is how long to fetch from a replica nearby before the leader is asked again which one is best.
const preferredReplica = 5 * time.Minute

// timerLate is how late Go's timers are in a process that does something each millisecond, as the runtime sleeps for whole
// ones. In a process that does nothing else it is half of that.
const timerLate = 500 * time.Microsecond

// engineLinger is how long the engine is told to linger, so that batches go out when linger.ms is over.
func engineLinger(linger time.Duration) time.Duration {
	return min(linger-min(linger/10, timerLate), engineMaxLinger)
}

// fetchBytes is what to fetch at most: of a partition, unless it has larger batches (see fetchSize), and of all.
func fetchBytes(s *settings) (partition, all int) {
	all = min(s.num("fetch.max.bytes"), s.maxRead())
	return min(s.num("fetch.message.max.bytes"), all), all
}

func fetchOpts(s *settings) []kgo.Opt {
	isolation := kgo.ReadCommitted()
	if s.str("isolation.level") == "read_uncommitted" {
		isolation = kgo.ReadUncommitted()
	}
	partition, most := fetchBytes(s)
	opts := []kgo.Opt{
		kgo.FetchMaxWait(max(s.ms("fetch.wait.max.ms"), engineMinWait)),
		kgo.FetchMinBytes(int32(s.num("fetch.min.bytes"))),
		kgo.FetchMaxBytes(int32(most)),
		kgo.FetchMaxPartitionBytes(int32(partition)),
		kgo.MaxConcurrentFetches(-1), // one for each broker; the consumer's queue bounds what they bring
		kgo.FetchIsolationLevel(isolation),
		kgo.KeepControlRecords(), // the consumer sees the ends of partitions by them
		kgo.RecheckPreferredReplicaInterval(preferredReplica),
		kgo.Rack(clip(s.str("client.rack"), engineMaxRack)),
	}
	if !s.flag("check.crcs") {
		opts = append(opts, kgo.DisableFetchCRCValidation())
	}
	return opts
}
