package kafka

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// INTERIM: to be replaced by the configuration work.

// engineOpts turns the settings into the options of the engine.
func engineOpts(c *client) ([]kgo.Opt, error) {
	return []kgo.Opt{
		kgo.SeedBrokers(strings.Split(c.conf.str("metadata.broker.list"), ",")...),
		kgo.ClientID(c.conf.str("client.id")),
		kgo.MaxVersions(namedOffsets(kversion.Stable())),
	}, nil
}
