package messaging

// Pending is how many questions of all users the server remembers.
func (s *Server) Pending() (n int) {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	for _, own := range s.accounts.made {
		n += own.NumPendingReverseResponses()
	}
	return n
}
