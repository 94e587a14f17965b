"""What programs ask besides OAuth."""
