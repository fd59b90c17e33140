"""What people read: text, tables and pages made from the results, never from the data anew."""
