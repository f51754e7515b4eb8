package kafka

import (
	"regexp"
	"strings"
)

// topicFilter is topic.blacklist: topics that the client does as if they were not there. nil matches nothing.
type topicFilter struct {
	patterns []*regexp.Regexp
}

// newTopicFilter reads a comma-separated list of regular expressions; as in librdkafka an expression has to begin with
// ^ and a plain name means just that topic.
func newTopicFilter(list string) (*topicFilter, error) {
	f := &topicFilter{}
	for _, item := range strings.Split(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if !strings.HasPrefix(item, "^") {
			item = "^" + regexp.QuoteMeta(item) + "$"
		}
		re, err := regexp.Compile(item)
		if err != nil {
			return nil, newErrorf(ErrInvalidArg, "topic.blacklist: %q is not a regular expression: %v", item, err).withCause(err)
		}
		f.patterns = append(f.patterns, re)
	}
	return f, nil
}

func (f *topicFilter) matches(topic string) bool {
	if f == nil {
		return false
	}
	for _, re := range f.patterns {
		if re.MatchString(topic) {
			return true
		}
	}
	return false
}
