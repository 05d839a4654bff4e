"""The provincial platform of e-licences: tokens, a list of a holder's licences, an auth code (用证码) for each."""
