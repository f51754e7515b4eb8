package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// Listener names one of the doors of a node.
type Listener string

// The listeners of a node. All but Plain are there with Options.Secure only.
const (
	Plain     Listener = "PLAINTEXT"      // no security; the brokers themselves use it
	TLS       Listener = "TLS"            // asks for no certificate
	MutualTLS Listener = "MUTUAL"         // asks for a certificate of Certs.CA
	WrongHost Listener = "WRONGHOST"      // shows a certificate for another host
	SASL      Listener = "SASL_PLAINTEXT" // every mechanism, no TLS
	SASLTLS   Listener = "SASL_SSL"       // every mechanism, over TLS
)

// The users that SASL lets in. The first two know PLAIN, the third SCRAM-SHA-256 and SCRAM-SHA-512. ANONYMOUS (who
// comes without SASL) and the admin may do everything; the others what no ACL forbids.
const (
	AdminUser, AdminPassword = "admin", "admin-secret"
	PlainUser, PlainPassword = "paula", "paula-secret"
	ScramUser, ScramPassword = "sam", "sam-secret"
)

// securityProtocols are the protocols of the listeners.
var securityProtocols = map[Listener]string{
	Plain: "PLAINTEXT", TLS: "SSL", MutualTLS: "SSL", WrongHost: "SSL", SASL: "SASL_PLAINTEXT", SASLTLS: "SASL_SSL",
}

func (c *Cluster) listeners() []Listener {
	if !c.opts.Secure {
		return []Listener{Plain}
	}
	return []Listener{Plain, TLS, MutualTLS, WrongHost, SASL, SASLTLS}
}

// address is where a listener of the node is.
func (n *node) address(l Listener) string {
	for i, have := range []Listener{Plain, TLS, MutualTLS, WrongHost, SASL, SASLTLS} {
		if have == l && i+1 < len(n.ports) {
			return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.ports[i+1]))
		}
	}
	panic("the cluster has no listener " + string(l) + ": start it with Options.Secure")
}

func (n *node) controller() string { return "127.0.0.1:" + strconv.Itoa(n.ports[0]) }

// nodeProperties are the properties of a node without security. They make it small (few threads, small buffers, few
// internal partitions) and quick (short session timeouts, no delay before a first rebalance).
func nodeProperties(c *Cluster, n *node) map[string]string {
	var listeners, advertised, voters []string
	mapping := []string{"CONTROLLER:PLAINTEXT"}
	for _, l := range c.listeners() {
		at := fmt.Sprintf("%s://%s", l, n.address(l))
		listeners = append(listeners, at)
		advertised = append(advertised, at)
		mapping = append(mapping, fmt.Sprintf("%s:%s", l, securityProtocols[l]))
	}
	listeners = append(listeners, "CONTROLLER://"+n.controller())
	for _, v := range c.nodes {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, v.controller()))
	}
	copies := strconv.Itoa(len(c.nodes))
	inSync := strconv.Itoa((len(c.nodes) + 1) / 2)
	return map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        strconv.Itoa(n.id),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"controller.listener.names":      "CONTROLLER",
		"listeners":                      strings.Join(listeners, ","),
		"advertised.listeners":           strings.Join(advertised, ","),
		"listener.security.protocol.map": strings.Join(mapping, ","),
		"inter.broker.listener.name":     string(Plain),
		"log.dirs":                       filepath.Join(n.dir, "data"),
		"broker.rack":                    fmt.Sprintf("rack-%d", n.id),

		"num.partitions":             "4",
		"default.replication.factor": copies,
		"min.insync.replicas":        inSync,
		"auto.create.topics.enable":  "true",
		"delete.topic.enable":        "true",

		"num.network.threads":            "2",
		"num.io.threads":                 "4",
		"background.threads":             "2",
		"log.cleaner.dedupe.buffer.size": "4194304",

		"offsets.topic.replication.factor":                            copies,
		"offsets.topic.num.partitions":                                "4",
		"transaction.state.log.replication.factor":                    copies,
		"transaction.state.log.min.isr":                               inSync,
		"transaction.state.log.num.partitions":                        "4",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
		"share.coordinator.state.topic.replication.factor":            copies,
		"share.coordinator.state.topic.min.isr":                       inSync,
		"share.coordinator.state.topic.num.partitions":                "2",
		"broker.heartbeat.interval.ms":                                "1000",
		"broker.session.timeout.ms":                                   "6000",

		"group.coordinator.rebalance.protocols":    "classic,consumer",
		"group.initial.rebalance.delay.ms":         "0",
		"group.consumer.min.session.timeout.ms":    "6000",
		"group.consumer.session.timeout.ms":        "6000",
		"group.consumer.min.heartbeat.interval.ms": "500",
		"group.consumer.heartbeat.interval.ms":     "500",
	}
}

// secureProperties are what the listeners for TLS and SASL and the authorizer add.
func secureProperties(certs *Certs) map[string]string {
	p := map[string]string{
		"ssl.keystore.type":       "PEM",
		"ssl.keystore.location":   certs.brokerStore,
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": certs.CA,
		"ssl.client.auth":         "none",

		"authorizer.class.name":                         "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":                                   "User:ANONYMOUS;User:" + AdminUser,
		"allow.everyone.if.no.acl.found":                "true",
		"sasl.enabled.mechanisms":                       "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
		"listener.name.mutual.ssl.client.auth":          "required",
		"listener.name.wronghost.ssl.keystore.type":     "PEM",
		"listener.name.wronghost.ssl.keystore.location": certs.wrongHostStore,
	}
	for _, l := range []string{"sasl_plaintext", "sasl_ssl"} {
		jaas := func(mechanism, module, options string) {
			p["listener.name."+l+"."+mechanism+".sasl.jaas.config"] =
				"org.apache.kafka.common.security." + module + " required" + options + ";"
		}
		jaas("plain", "plain.PlainLoginModule", fmt.Sprintf(` user_%s="%s" user_%s="%s"`,
			AdminUser, AdminPassword, PlainUser, PlainPassword))
		jaas("scram-sha-256", "scram.ScramLoginModule", "")
		jaas("scram-sha-512", "scram.ScramLoginModule", "")
		// Kafka's own validator for tests: it takes unsigned tokens.
		jaas("oauthbearer", "oauthbearer.OAuthBearerLoginModule", ` unsecuredLoginStringClaim_sub="broker"`)
	}
	return p
}

// clusterID makes the id that all nodes are formatted with: 16 random bytes.
func clusterID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	b[0] &= 0x3f // keeps the text from starting with "-", which the tool would take for an option
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// freePorts finds ports that nobody listens on. They lie below the range that systems take ports for outgoing
// connections from, so that a node which is down finds its ports free when it starts again.
func freePorts(n int) ([]int, error) {
	const low, high = 12000, 30000
	var ports []int
	for range 1000 {
		r, err := rand.Int(rand.Reader, big.NewInt(high-low))
		if err != nil {
			return nil, err
		}
		port := low + int(r.Int64())
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close() // all stay taken until all are found
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports between %d and %d on 127.0.0.1", n, low, high)
}
