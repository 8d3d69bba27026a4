"""Routes that the app adds to Streamlit's."""
