package kafka

// SetOAuthBearerToken sets the token for SASL/OAUTHBEARER, the answer to an [OAuthBearerTokenRefresh] event. It is used
// from the next authentication on; connections that are up stay. It returns at once and may be called from callbacks.
//
// ErrState: the mechanism is not OAUTHBEARER, or the producer is closed. ErrInvalidArg: the token has expired, or it
// or its extensions have characters that can't be sent.
func (p *Producer) SetOAuthBearerToken(oauthBearerToken OAuthBearerToken) error {
	if err := p.client.verify(); err != nil {
		return err
	}
	return p.client.setOAuthBearerToken(oauthBearerToken)
}

// SetOAuthBearerTokenFailure says that no token could be had. Every new errstr becomes an Error event of code
// ErrAuthentication, and the next OAuthBearerTokenRefresh event comes ten seconds later.
//
// ErrState: the mechanism is not OAUTHBEARER, or the producer is closed. ErrInvalidArg: errstr is empty.
func (p *Producer) SetOAuthBearerTokenFailure(errstr string) error {
	if err := p.client.verify(); err != nil {
		return err
	}
	return p.client.setOAuthBearerTokenFailure(errstr)
}

// SetSaslCredentials sets the user name and password for SASL PLAIN and SCRAM, for the next authentication on.
// Connections that are up stay; brokers that could not be reached are tried again at once. It fails only on a closed
// producer, with ErrState.
func (p *Producer) SetSaslCredentials(username, password string) error {
	if err := p.client.verify(); err != nil {
		return err
	}
	return p.client.setSaslCredentials(username, password)
}

// SetOAuthBearerToken is [Producer.SetOAuthBearerToken] for a consumer.
func (c *Consumer) SetOAuthBearerToken(oauthBearerToken OAuthBearerToken) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	return c.client.setOAuthBearerToken(oauthBearerToken)
}

// SetOAuthBearerTokenFailure is [Producer.SetOAuthBearerTokenFailure] for a consumer.
func (c *Consumer) SetOAuthBearerTokenFailure(errstr string) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	return c.client.setOAuthBearerTokenFailure(errstr)
}

// SetSaslCredentials is [Producer.SetSaslCredentials] for a consumer.
func (c *Consumer) SetSaslCredentials(username, password string) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	return c.client.setSaslCredentials(username, password)
}

// SetOAuthBearerToken is [Producer.SetOAuthBearerToken] for an admin client.
func (a *AdminClient) SetOAuthBearerToken(oauthBearerToken OAuthBearerToken) error {
	if err := a.verify(); err != nil {
		return err
	}
	return a.client.setOAuthBearerToken(oauthBearerToken)
}

// SetOAuthBearerTokenFailure is [Producer.SetOAuthBearerTokenFailure] for an admin client.
func (a *AdminClient) SetOAuthBearerTokenFailure(errstr string) error {
	if err := a.verify(); err != nil {
		return err
	}
	return a.client.setOAuthBearerTokenFailure(errstr)
}

// SetSaslCredentials is [Producer.SetSaslCredentials] for an admin client.
func (a *AdminClient) SetSaslCredentials(username, password string) error {
	if err := a.verify(); err != nil {
		return err
	}
	return a.client.setSaslCredentials(username, password)
}
