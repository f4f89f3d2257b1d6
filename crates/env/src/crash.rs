//! A disk that forgets: see the crash tests.
