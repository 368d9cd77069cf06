"""The DMAR table: Intel VT-d, revision 4.1, chapter 8."""
