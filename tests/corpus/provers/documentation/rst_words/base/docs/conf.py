extensions = []
master_doc = 'index'
source_suffix = '.rst'
