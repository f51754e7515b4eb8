package kafka_test

import (
	"strings"
	"testing"

	"github.com/purego-kafka/kafka"
)

// TestMockPropertyWithoutImport: these tests do not import testmock, so the property can't work and says what to do.
// That it works with the import is tested in testmock.
func TestMockPropertyWithoutImport(t *testing.T) {
	t.Parallel()
	_, err := kafka.NewConsumer(&kafka.ConfigMap{"test.mock.num.brokers": 1, "group.id": "g"})
	if code(err) != kafka.ErrInvalidArg || !strings.Contains(err.Error(), `"github.com/purego-kafka/kafka/testmock"`) {
		t.Errorf("test.mock.num.brokers without testmock: %v, want an error that names the import", err)
	}
}
