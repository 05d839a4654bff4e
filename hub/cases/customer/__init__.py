"""What the customer of an application sees and says: its progress and a rating, by the application's own token, without
a login."""
